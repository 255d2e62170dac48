<?php
// Iterator, IteratorAggregate, ArrayAccess, Countable, JsonSerializable, Stringable.

class Bag implements IteratorAggregate, ArrayAccess, Countable, JsonSerializable
{
    public function __construct(private array $items = [])
    {
    }

    public function getIterator(): Iterator
    {
        yield from $this->items;
    }

    public function offsetExists(mixed $offset): bool
    {
        return isset($this->items[$offset]);
    }

    public function offsetGet(mixed $offset): mixed
    {
        return $this->items[$offset] ?? null;
    }

    public function offsetSet(mixed $offset, mixed $value): void
    {
        $offset === null ? $this->items[] = $value : $this->items[$offset] = $value;
    }

    public function offsetUnset(mixed $offset): void
    {
        unset($this->items[$offset]);
    }

    public function count(): int
    {
        return count($this->items);
    }

    public function jsonSerialize(): mixed
    {
        return ['bag' => $this->items];
    }
}

$bag = new Bag(['a' => 1]);
$bag['b'] = 2;
$bag[] = 3;
unset($bag['a']);
echo isset($bag['b']), $bag['b'], empty($bag['x']), count($bag), json_encode([$bag]), ' ';
foreach ($bag as $key => $item) {
    echo "$key=$item ";
}
[$bag['p'], $bag['q']] = [8, 9];
echo $bag['p'] + $bag['q'], "\n";
