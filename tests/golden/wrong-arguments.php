<?php
// Calls that fail at the door: too few, wrong type, unknown name, wrong result, undefined function and method.

function wants(int $a, string $b): string
{
    return $b . $a;
}

function promises(mixed $v): int
{
    return $v;
}

function attempt(Closure $what): void
{
    try {
        echo json_encode($what()), "\n";
    } catch (Throwable $e) {
        echo get_class($e), ': ', strtok($e->getMessage(), ','), "\n";
    }
}

attempt(fn () => wants(1));
attempt(fn () => wants('one', 'b'));
attempt(fn () => wants(a: 1, c: 'x'));
attempt(fn () => wants('1', 'b'));
attempt(fn () => promises('many'));
attempt(fn () => promises('5'));
attempt(fn () => nowhere());
attempt(fn () => (new ArrayObject())->nowhere());
attempt(fn () => (new class () {
    private function inner(): void
    {
    }
})->inner());
