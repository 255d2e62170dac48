<?php
// compact, extract, variable variables, get_defined_vars, list and array destructuring, references in arrays, goto.

function packs(int $a, string $b): array
{
    $c = $a . $b;
    return compact('a', 'b', 'c');
}

function unpacks(array $vars): string
{
    extract($vars);
    $name = 'b';
    return $a . $$name . count(get_defined_vars());
}

function swaps(int $x, int $y): array
{
    [$x, $y] = [$y, $x];
    ['p' => $p, 'q' => [, $q]] = ['p' => $x, 'q' => [0, $y]];
    return [$p, $q];
}

function &element(array &$list, string $key): mixed
{
    return $list[$key];
}

function jumps(int $n): int
{
    again:
    $n++;
    if ($n < 3) {
        goto again;
    }
    return $n;
}

echo unpacks(packs(1, 'x')), ' ', implode(swaps(1, 2)), ' ', jumps(0), ' ';
$list = ['k' => 1];
$ref = &element($list, 'k');
$ref = 5;
foreach ($list as &$item) {
    $item *= 2;
}
echo json_encode($list), "\n";
