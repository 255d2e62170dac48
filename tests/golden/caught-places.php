<?php
// Where exceptions are caught: in the same function, with nothing called after it, in a loop, in a generator, by {main}.

function same(): int
{
    try {
        throw new RuntimeException('here');
    } catch (RuntimeException) {
    }
    return PHP_VERSION_ID > 0 ? 1 : 0;
}

function thrower(int $n): void
{
    throw new RuntimeException("n$n");
}

function loops(): int
{
    $caught = 0;
    for ($i = 0; $i < 3; $i++) {
        try {
            thrower($i);
        } catch (RuntimeException $e) {
            $caught++;
        }
    }
    return $caught;
}

function yields(): Generator
{
    try {
        thrower(9);
    } catch (RuntimeException $e) {
        yield $e->getMessage();
    }
}

echo same(), loops(), ' ', yields()->current(), ' ';
try {
    thrower(10);
} catch (RuntimeException) {
    echo "main\n";
}
