<?php
// Hot loops: what a tracing JIT compiles, with calls in it, an exception out of it, and types that change on the way.

function add(int|float $a, int|float $b): int|float
{
    return $a + $b;
}

class Acc
{
    public int|float $sum = 0;

    public function put(int|float $n): static
    {
        $this->sum = add($this->sum, $n);
        return $this;
    }
}

function fib(int $n): int
{
    return $n < 2 ? $n : fib($n - 1) + fib($n - 2);
}

function stops(int $at): int
{
    for ($i = 0; ; $i++) {
        checked($i, $at);
    }
}

function checked(int $i, int $at): int
{
    if ($i === $at) {
        throw new OutOfBoundsException("at $i");
    }
    return $i;
}

$acc = new Acc();
for ($i = 0; $i < 50; $i++) {
    $acc->put($i < 40 ? $i : $i / 2);
}
echo $acc->sum, ' ', fib(6), ' ';
try {
    stops(20);
} catch (OutOfBoundsException $e) {
    echo $e->getMessage(), "\n";
}
