<?php
// Typed class constants, dynamic class constant fetch, #[Override], anonymous readonly classes, randomness by a seed.
// since: 8.3

interface Shape
{
    const string UNIT = 'cm';

    public function area(): int;
}

class Square implements Shape
{
    public function __construct(private int $side)
    {
    }

    #[Override]
    public function area(): int
    {
        return $this->side ** 2;
    }

    public function unit(string $which): string
    {
        return static::{$which};
    }
}

function throws(Random\Randomizer $r): int
{
    return $r->getInt(1, 6);
}

$square = new Square(3);
$pair = new readonly class (5) {
    public function __construct(public int $n)
    {
    }
};
echo $square->area(), $square->unit('UNIT'), ' ', $pair->n, ' ', throws(new Random\Randomizer(new Random\Engine\Mt19937(3))) > 0, ' ';
echo json_encode(json_validate('{}')), "\n";
