<?php
// Arguments: variadic, spread, named, by reference, defaults, more than declared.

function joins(string $glue, string ...$parts): string
{
    return implode($glue, $parts);
}

function named(int $a, int $b = 2, int $c = 3, int ...$rest): string
{
    return "$a-$b-$c-" . json_encode($rest);
}

function bump(array &$list, int &$n): int
{
    $list[] = ++$n;
    return count($list);
}

function surplus(int $a): int
{
    return array_sum(func_get_args()) + func_num_args() + func_get_arg(1);
}

function defaults(string $s = PHP_EOL, array $a = ['k' => [1]], ?int $none = null): string
{
    return trim($s) . json_encode($a) . var_export($none, true);
}

echo joins('+', 'a', 'b', 'c'), ' ', joins('-', ...['x', 'y']), ' ';
echo named(1), ' ', named(c: 9, a: 8), ' ', named(1, 2, 3, 4, 5), ' ', named(...['b' => 5, 'a' => 4]), ' ';
echo named(1, 2, 3, extra: 7), ' ';
$list = [1];
$n = 1;
bump($list, $n);
echo json_encode([bump($list, $n), $list, $n]), ' ', surplus(1, 2, 3), ' ', defaults(none: 5), defaults("t\n"), "\n";
