<?php
// yield from: generators, arrays and iterators; shared inner generators; exceptions and return values through them.

function inner(string $name): Generator
{
    yield "$name.1";
    yield "$name.2";
    return "$name.done";
}

function outer(): Generator
{
    yield 'start';
    $a = yield from inner('a');
    yield $a;
    yield from ['x', 'y'];
    yield from new ArrayIterator(['z']);
    try {
        yield from failing();
    } catch (DomainException $e) {
        yield 'caught ' . $e->getMessage();
    }
}

function failing(): Generator
{
    yield 'before';
    throw new DomainException('inside');
}

function wraps(Generator $shared): Generator
{
    return yield from $shared;
}

foreach (outer() as $v) {
    echo $v, ' ';
}
$shared = inner('s');
$one = wraps($shared);
$two = wraps($shared);
echo $one->current(), $two->current();
$one->next();
echo $two->current();
$two->next();
echo $two->getReturn(), "\n";
