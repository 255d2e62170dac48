<?php
// Closures: capture by value and by reference, arrow functions, static ones, bound ones, one that returns one.

class Box
{
    private int $secret = 7;

    public function reader(): Closure
    {
        return function (int $more) {
            return $this->secret + $more;
        };
    }
}

function adder(int $a): Closure
{
    return fn (int $b): Closure => fn (int $c): int => $a + $b + $c;
}

$sum = 0;
$collect = function (int $n) use (&$sum): void {
    $sum += $n;
};
$collect(3);
$collect(4);
$factor = 10;
$times = static fn (int $n): int => $n * $factor;
$factor = 99;
$reader = (new Box())->reader();
$peek = Closure::bind(function (): int {
    return $this->secret;
}, new Box(), Box::class);
$call = function (string $unit): string {
    return $this->secret . $unit;
};
echo $sum, ' ', $times(5), ' ', $reader(1), ' ', $peek(), ' ', $call->call(new Box(), 'kg'), ' ', adder(1)(2)(3), "\n";
