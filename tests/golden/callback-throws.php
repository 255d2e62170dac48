<?php
// Exceptions out of callbacks, through the internal function that called them.

function refuses(int $n): int
{
    if ($n === 2) {
        throw new RangeException("no $n");
    }
    return $n;
}

function maps(): array
{
    return array_map('refuses', [1, 2, 3]);
}

function sorts(): array
{
    $list = [3, 2, 1];
    usort($list, fn (int $a, int $b): int => refuses($a) <=> refuses($b));
    return $list;
}

function attempt(callable $what): string
{
    try {
        return json_encode($what());
    } catch (RangeException $e) {
        return $e->getMessage();
    } finally {
        echo '.';
    }
}

echo attempt('maps'), attempt('sorts');
echo attempt(fn (): ?string => preg_replace_callback('/./', fn (array $m): string => refuses((int) $m[0]), '121')), "\n";
