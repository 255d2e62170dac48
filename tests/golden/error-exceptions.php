<?php
// An error handler that throws, as frameworks have it: out of expressions, internal functions and __toString.

set_error_handler(function (int $type, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $type, $file, $line);
});

class Loose
{
    public function __toString(): string
    {
        $list = [];
        return 'x' . $list['nothing'];
    }
}

function attempt(callable $what): string
{
    try {
        return (string) $what();
    } catch (ErrorException $e) {
        return $e->getSeverity() . ':' . $e->getLine();
    }
}

echo attempt(fn () => $undefined . 'x'), ' ', attempt(fn () => [] . ''), ' ', attempt(fn () => new Loose()), ' ';
echo attempt(fn () => file_get_contents('/nowhere/at/all')), ' ';
echo attempt(function () {
    foreach (null as $x) {
    }
}), ' ', attempt(fn () => str_repeat('ab', 2) . array_sum([1, '2'])), "\n";
