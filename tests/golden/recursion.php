<?php
// Recursion that comes back: a tree, mutual recursion, and a closure that calls itself.

function tree(int $depth): array
{
    return $depth ? [tree($depth - 1), tree($depth - 1)] : [];
}

function even(int $n): bool
{
    return $n === 0 || odd($n - 1);
}

function odd(int $n): bool
{
    return $n !== 0 && even($n - 1);
}

$fact = function (int $n) use (&$fact): int {
    return $n < 2 ? 1 : $n * $fact($n - 1);
};
echo count(tree(2), COUNT_RECURSIVE), ' ', var_export(even(5), true), ' ', $fact(5), "\n";
