<?php
// array_find, array_any and array_all: internal functions in 8.4 that call back.
// since: 8.4

function is_big(int $n): bool
{
    return $n > 2;
}

function label(int $n, string $key): bool
{
    return "$key$n" === 'b3';
}

$list = ['a' => 1, 'b' => 3, 'c' => 5];
echo array_find($list, 'is_big'), array_find_key($list, label(...)), json_encode([array_any($list, is_big(...)), array_all($list, is_big(...))]), "\n";
