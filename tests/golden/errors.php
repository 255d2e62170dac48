<?php
// PHP's own errors, shown and masked: warnings, notices, deprecations; at which depth they are raised.

function warns(array $a): mixed
{
    return $a['missing'];
}

function divides(int $a, int $b): int
{
    return intdiv($a, $b);
}

function deep(int $n): mixed
{
    return $n ? deep($n - 1) : warns([]);
}

var_dump(warns([]), @warns([]), deep(2));
error_reporting(E_ALL & ~E_WARNING);
var_dump(warns([]));
error_reporting(E_ALL);
echo "x" + 0 === 0 ? '' : 'never';
