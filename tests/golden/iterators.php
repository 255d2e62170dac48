<?php
// A hand-written Iterator in foreach, in SPL's iterators with callbacks, iterator_apply, and one that throws.

class Letters implements Iterator
{
    private int $at = 0;

    public function __construct(private string $letters)
    {
    }

    public function current(): string
    {
        return $this->letters[$this->at];
    }

    public function key(): int
    {
        return $this->at;
    }

    public function next(): void
    {
        $this->at++;
    }

    public function rewind(): void
    {
        $this->at = 0;
    }

    public function valid(): bool
    {
        if ($this->at > 2) {
            throw new OutOfRangeException('too far');
        }
        return isset($this->letters[$this->at]);
    }
}

foreach (new Letters('ab') as $k => $letter) {
    echo $k, $letter, ' ';
}
echo implode(',', iterator_to_array(new CallbackFilterIterator(new Letters('xy'), fn ($c) => $c !== 'x'), false)), ' ';
$count = iterator_apply($it = new Letters('pq'), function () use (&$it): bool {
    echo '.';
    return true;
});
try {
    foreach (new Letters('abcd') as $letter) {
        echo $letter;
    }
} catch (OutOfRangeException $e) {
    echo ' ', $e->getMessage(), " $count\n";
}
