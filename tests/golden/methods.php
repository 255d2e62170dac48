<?php
// Methods: public, private, inherited, overridden, parent::, and a function beside them.

class Counter
{
    protected int $n = 0;

    public function add(int $by): static
    {
        $this->n += $this->twice($by);
        return $this;
    }

    private function twice(int $n): int
    {
        return 2 * $n;
    }

    public function value(): int
    {
        return $this->n;
    }
}

class LoudCounter extends Counter
{
    public function add(int $by): static
    {
        parent::add($by + 1);
        return $this;
    }
}

function total(Counter ...$counters): int
{
    return $counters[0]->value() + $counters[1]->value();
}

$plain = (new Counter())->add(1)->add(2);
$loud = (new LoudCounter())->add(3);
echo total($plain, $loud), "\n";
