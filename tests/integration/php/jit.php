<?php
function fib(int $n): int
{
    return $n < 2 ? $n : fib($n - 1) + fib($n - 2);
}

header('Content-Type: application/json');
echo json_encode(['fib' => fib(15), 'jit' => opcache_get_status(false)['jit']['on'] ?? false]);
