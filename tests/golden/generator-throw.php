<?php
// Exceptions thrown into generators: caught inside, passed through, thrown before the first resume, from a closed one.

function guarded(): Generator
{
    while (true) {
        try {
            yield 'ready';
        } catch (InvalidArgumentException $e) {
            yield 'caught ' . $e->getMessage();
        } finally {
            note('finally');
        }
    }
}

function note(string $what): void
{
    echo "[$what]";
}

function give(Generator $g, Throwable $e): string
{
    try {
        return $g->throw($e);
    } catch (Exception $out) {
        return 'out: ' . $out->getMessage();
    }
}

$g = guarded();
echo $g->current(), ' ', give($g, new InvalidArgumentException('mine')), ' ';
echo give($g, new RuntimeException('not mine')), ' ', var_export($g->valid(), true), ' ';
echo give(guarded(), new InvalidArgumentException('early')), ' ', give($g, new LogicException('closed')), "\n";
