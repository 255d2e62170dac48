<?php
function included(int $n): int
{
    return $n + 1;
}

echo included(1), ' ';
