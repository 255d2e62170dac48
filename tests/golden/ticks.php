<?php
// declare(ticks), register_tick_function; strict types; assert that fails.
declare(strict_types=1, ticks=1);

function ticks(string $mark): void
{
    echo $mark;
}

function asserts(int $n): bool
{
    try {
        return assert($n > 1, 'must be more');
    } catch (AssertionError $e) {
        return !$e->getMessage();
    }
}

function strict(int $n): int
{
    return $n + 1;
}

register_tick_function('ticks', '.');
$a = 1;
echo $a;
unregister_tick_function('ticks');
try {
    echo strict('1');
} catch (TypeError $e) {
    echo 'strict ';
}
echo json_encode([asserts(2), asserts(1)]), "\n";
