<?php
// Anonymous classes: with a constructor, extending, implementing, using a trait, nested, made twice by one line.

trait Twice
{
    public function twice(int $n): int
    {
        return 2 * $this->base($n);
    }
}

abstract class Base
{
    abstract public function base(int $n): int;
}

function make(int $offset): Base
{
    return new class ($offset) extends Base implements Countable {
        use Twice;

        public function __construct(private int $offset)
        {
        }

        public function base(int $n): int
        {
            return $n + $this->offset;
        }

        public function count(): int
        {
            return $this->offset;
        }
    };
}

function asks(Base $b, int $n): int
{
    return $b->twice($n);
}

echo asks(make(1), 1), ' ', asks(make(5), 1), ' ', count(make(7)), ' ', var_export(get_class(make(1)) === get_class(make(2)), true), "\n";
