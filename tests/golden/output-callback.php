<?php
// Output buffers with callbacks, nested, flushed at shutdown; what a callback prints is not printed.

function shouts(string $buffer, int $phase): string
{
    return strtoupper($buffer);
}

class Wraps
{
    public function __construct(private string $with)
    {
    }

    public function around(string $buffer): string
    {
        return $this->with . inner($buffer) . $this->with;
    }
}

function inner(string $s): string
{
    return trim($s);
}

ob_start('shouts');
echo 'loud ';
ob_start([new Wraps('*'), 'around']);
echo ' nested ';
ob_end_flush();
ob_flush();
echo ' more ';
echo ob_get_length(), ' ';
ob_start(fn (string $b): string => strrev($b));
echo 'at shutdown';
