<?php
// 300,000 functions deep, and back by return.

function down(int $n): int
{
    return $n ? 1 + down($n - 1) : bottom($n);
}

function bottom(int $n): int
{
    return $n;
}

echo down(300000), "\n";
echo down(3), "\n";
