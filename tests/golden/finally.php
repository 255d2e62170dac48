<?php
// finally: overriding a return, replacing an exception, in loops with break and continue, nested.

function overrides(): string
{
    try {
        return notes('try');
    } finally {
        return notes('finally');
    }
}

function swallows(): string
{
    try {
        throw new RuntimeException('gone');
    } finally {
        return notes('swallowed');
    }
}

function replaces(): string
{
    try {
        throw new RuntimeException('first');
    } finally {
        throw new LogicException('second');
    }
}

function loops(): int
{
    $n = 0;
    foreach ([1, 2, 3, 4] as $i) {
        try {
            if ($i === 1) {
                continue;
            }
            if ($i === 3) {
                break;
            }
            $n += $i;
        } finally {
            $n += strlen(notes("f$i"));
        }
    }
    return $n;
}

function notes(string $what): string
{
    echo "[$what]";
    return $what;
}

echo overrides(), swallows(), loops();
try {
    replaces();
} catch (LogicException $e) {
    echo $e->getMessage(), ' after ', $e->getPrevious()->getMessage(), "\n";
}
