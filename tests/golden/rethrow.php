<?php
// Caught, thrown again, wrapped, caught by a parent class, an interface, two classes at once, and not at all in between.

interface Retryable
{
}

class Busy extends RuntimeException implements Retryable
{
}

function calls(int $n): string
{
    return match ($n) {
        0 => throw new Busy('busy', 503),
        1 => throw new TypeError('type'),
        2 => throw new LogicException('logic'),
        default => "fine $n",
    };
}

function again(int $n): string
{
    try {
        return calls($n);
    } catch (LogicException $e) {
        throw $e;
    } catch (Busy $e) {
        throw new DomainException('wrapped', 1, $e);
    }
}

function between(int $n): string
{
    try {
        return again($n);
    } catch (OverflowException | UnderflowException $e) {
        return 'wrong one';
    } finally {
        echo '.';
    }
}

foreach ([0, 1, 2, 3] as $n) {
    try {
        try {
            echo between($n);
        } catch (Retryable | TypeError $e) {
            echo get_class($e);
        }
    } catch (Exception) {
        echo 'some exception';
    }
    echo ' ';
}
echo "\n";
