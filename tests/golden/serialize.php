<?php
// Serialisation: __sleep, __wakeup, __serialize, __unserialize, Serializable's absence, nested, one that throws.

class Old
{
    public string $kept = 'k';
    public string $dropped = 'd';

    public function __sleep(): array
    {
        return ['kept'];
    }

    public function __wakeup(): void
    {
        $this->dropped = 'woken';
    }
}

class Modern
{
    public function __construct(private array $data, private ?Old $old = null)
    {
    }

    public function __serialize(): array
    {
        return ['d' => $this->data, 'o' => $this->old];
    }

    public function __unserialize(array $from): void
    {
        if (isset($from['d']['bad'])) {
            throw new UnexpectedValueException('bad data');
        }
        $this->data = $from['d'];
        $this->old = $from['o'];
    }

    public function describe(): string
    {
        return json_encode($this->data) . $this->old?->dropped;
    }
}

function trip(Modern $m): string
{
    return unserialize(serialize($m))->describe();
}

echo trip(new Modern(['a' => 1], new Old())), ' ';
try {
    trip(new Modern(['bad' => true]));
} catch (UnexpectedValueException $e) {
    echo $e->getMessage(), "\n";
}
