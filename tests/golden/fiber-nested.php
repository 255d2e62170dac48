<?php
// Fibers in fibers; exceptions thrown into them, out of them and past their end.
// since: 8.1

function outer(): string
{
    $inner = new Fiber('inner');
    $got = $inner->start('x');
    $reply = Fiber::suspend("outer saw $got");
    try {
        $inner->throw(new DomainException($reply));
    } catch (LogicException $e) {
        return get_class($e) . ' ' . $e->getMessage();
    }
    return 'nothing';
}

function inner(string $s): void
{
    try {
        Fiber::suspend(dressed($s));
    } catch (DomainException $e) {
        throw new LogicException('from inner', 0, $e);
    }
}

function dressed(string $s): string
{
    return "*$s*";
}

function fails(): void
{
    throw new RuntimeException('out of a fiber');
}

$outer = new Fiber('outer');
echo $outer->start(), ' ';
$outer->resume('reply');
echo $outer->getReturn(), ' ';
try {
    (new Fiber('fails'))->start();
} catch (RuntimeException $e) {
    echo $e->getMessage(), ' ';
}
try {
    $outer->resume();
} catch (FiberError $e) {
    echo $e->getMessage(), "\n";
}
