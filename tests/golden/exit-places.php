<?php
// exit in a generator that is resumed by foreach, with a destructor and a generator's finally still to come.

class Held
{
    public function __destruct()
    {
        echo 'destroyed ';
    }
}

function stops(Held $held): Generator
{
    try {
        yield 1;
        leave('from a generator ');
        yield 2;
    } finally {
        echo 'finally ';
    }
}

function leave(string $message): void
{
    exit($message);
}

function loops(Generator $g): void
{
    foreach ($g as $n) {
        echo $n, ' ';
    }
    echo 'not reached';
}

loops(stops(new Held()));
