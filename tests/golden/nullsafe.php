<?php
// Nullsafe calls skip their arguments; coalescing, spread with keys, ternaries and short circuits decide what is called.
// since: 8.1

class Address
{
    public function __construct(public ?Address $next = null)
    {
    }

    public function next(int $hops): ?Address
    {
        return $this->next;
    }
}

function hops(int $n): int
{
    echo "h$n ";
    return $n;
}

function all(mixed ...$args): string
{
    return json_encode($args);
}

$one = new Address(new Address());
var_dump($one->next(hops(1))?->next(hops(2))?->next(hops(3)));
echo all(...[1, 2], ...['k' => 3]), ' ', all(...(function () {
    yield 'g';
})()), ' ';
echo (false && hops(4)) ?: 'skipped', ' ', null ?? hops(5), ' ', true || hops(6), "\n";
