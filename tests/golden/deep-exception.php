<?php
// 300,000 functions deep, and back by an exception that passes a finally on the way.

function down(int $n): int
{
    if ($n === 0) {
        throw new OverflowException('bottom');
    }
    return 1 + down($n - 1);
}

function guarded(int $n): int
{
    $done = 0;
    try {
        return down($n);
    } finally {
        $done = count_up($done);
    }
}

function count_up(int $n): int
{
    return $n + 1;
}

ini_set('zend.exception_ignore_args', '1');
for ($i = 0; $i < 2; $i++) {
    try {
        echo guarded(300000);
    } catch (OverflowException $e) {
        echo $e->getMessage(), ' ', count($e->getTrace()), "\n";
    }
}
