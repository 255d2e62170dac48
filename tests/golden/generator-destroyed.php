<?php
// Generators destroyed before their end run their finally, from wherever that happens.

function reads(string $name): Generator
{
    try {
        yield from lines($name);
    } finally {
        closes($name);
    }
}

function lines(string $name): Generator
{
    try {
        yield "$name:1";
        yield "$name:2";
    } finally {
        echo "($name lines)";
    }
}

function closes(string $name): void
{
    echo "[$name]";
}

function takes_one(string $name): string
{
    foreach (reads($name) as $line) {
        return $line;
    }
    return 'none';
}

function drops(Generator $g): void
{
    $g->current();
    $g = null;
    echo '.';
}

echo takes_one('a'), ' ';
drops(reads('b'));
$kept = reads('end');
echo $kept->current(), "\n";
