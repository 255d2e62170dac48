<?php
// Huge arguments and results: strings, arrays, nesting, a hundred arguments; not valid UTF-8; NAN and INF.

function takes(mixed ...$args): int
{
    return count($args);
}

function grows(int $n): string
{
    return str_repeat('ä', $n);
}

function nests(int $depth): array
{
    $a = ['leaf'];
    for ($i = 0; $i < $depth; $i++) {
        $a = [$i => $a];
    }
    return $a;
}

function numbers(int $n): array
{
    return range(1, $n);
}

echo takes(...range(1, 100)), ' ', strlen(grows(100000)), ' ', count(nests(9)), ' ', count(numbers(1000)), ' ';
echo takes("\xff\x00bin", NAN, INF, -INF, -0.0, 1.5, PHP_INT_MIN, null, true, ''), ' ', takes(numbers(70), nests(6)), ' ';
$list = [1];
$list['self'] = &$list;
echo takes($list, fopen('php://memory', 'r')), "\n";
