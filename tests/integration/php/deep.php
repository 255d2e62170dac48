<?php
function down(int $n): int
{
    return $n ? 1 + down($n - 1) : 0;
}

echo down(50000);
