<?php
// Fibers: values in and out, functions called inside, a generator inside, two that take turns.
// since: 8.1

function task(string $name, int $steps): string
{
    for ($i = 1; $i <= $steps; $i++) {
        step($name, Fiber::suspend("$name$i"));
    }
    return "$name done";
}

function step(string $name, ?string $got): void
{
    echo "<$name:$got>";
}

function counted(): Generator
{
    yield 1;
    yield Fiber::suspend('from a generator');
}

function totals(): int
{
    $sum = 0;
    foreach (counted() as $n) {
        $sum += $n;
    }
    return $sum;
}

$a = new Fiber('task');
$b = new Fiber(fn (int $steps) => task('b', $steps));
echo $a->start('a', 2), $b->start(1);
echo $a->resume('one'), $b->resume('two'), $a->resume('three');
echo $a->getReturn(), ' ', $b->getReturn(), ' ';
$g = new Fiber('totals');
echo $g->start(), ' ';
$g->resume(41);
echo $g->getReturn(), "\n";
