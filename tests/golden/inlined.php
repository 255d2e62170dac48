<?php
// Functions that opcache may compile away: constant results, calls of constants; and those that it must not.

function constant_result(): string
{
    return 'constant';
}

function pure(int $a, int $b): int
{
    return $a + $b;
}

function effects(): int
{
    echo '.';
    return 5;
}

class Constants
{
    public static function name(): string
    {
        return 'static';
    }

    public function number(): int
    {
        return 42;
    }

    private function hidden(): bool
    {
        return true;
    }

    public function asks(): bool
    {
        return $this->hidden();
    }
}

function empty_one(): void
{
}

empty_one();
echo constant_result(), ' ', pure(1, 2), ' ', effects(), ' ', Constants::name(), ' ';
$c = new Constants();
echo $c->number(), var_export($c->asks(), true), "\n";
