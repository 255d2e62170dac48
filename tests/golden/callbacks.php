<?php
// Callbacks from internal functions: arrays, sorting, regular expressions, by reference, nested in each other.

function compares(int $a, int $b): int
{
    return $a <=> $b;
}

function is_even(int $n): bool
{
    return $n % 2 === 0;
}

class Sum
{
    public static function add(?int $carry, int $n): int
    {
        return $carry + $n;
    }

    public function walk(int &$value, string $key, int $factor): void
    {
        $value *= $factor;
    }
}

$list = [3, 1, 2];
usort($list, 'compares');
echo implode($list), ' ', implode(array_filter([1, 2, 3, 4], 'is_even')), ' ', array_reduce([1, 2], ['Sum', 'add']), ' ';
$map = ['a' => 1, 'b' => 2];
array_walk($map, [new Sum(), 'walk'], 10);
echo implode(',', $map), ' ';
echo preg_replace_callback('/\d+/', fn (array $m): string => (string) ($m[0] * 2), 'a1b20'), ' ';
echo implode('', array_map(fn (int $n): string => implode('', array_map(fn (int $m): int => $n * $m, [1, 2])), [1, 3])), ' ';
echo implode(',', array_map(null, [1], [2])[0]), ' ';
echo implode(',', array_udiff([1, 5, 3], [3], 'compares')), ' ';
uasort($map, fn ($a, $b) => $b - $a);
array_multisort($list, SORT_DESC);
echo json_encode([$map, $list]), "\n";
