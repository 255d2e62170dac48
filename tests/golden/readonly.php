<?php
// Readonly properties, promoted constructors, new in initialisers, never, pure intersection types, match.
// since: 8.1

class Clock
{
    public function __construct(public readonly string $zone = 'UTC')
    {
    }
}

class Event
{
    public function __construct(
        public readonly string $name,
        private Clock $clock = new Clock('CET'),
    ) {
    }

    public function with(string $name): static
    {
        return new static($name, $this->clock);
    }

    public function describe(): string
    {
        return match (true) {
            strlen($this->name) > 3 => "{$this->name}@{$this->clock->zone}",
            $this->name === 'no' => refuse($this->name),
            default => $this->with($this->name . '...')->describe(),
        };
    }
}

function refuse(string $why): never
{
    throw new DomainException($why);
}

function both(Countable&Traversable $list): int
{
    return count($list);
}

$event = new Event('x');
echo $event->describe(), ' ', both(new ArrayObject([1, 2])), ' ';
foreach (['no', 'rename'] as $name) {
    try {
        $event->with($name)->describe();
        $event->name = 'changed';
    } catch (DomainException | Error $e) {
        echo get_class($e), ':', $e->getMessage(), ' ';
    }
}
echo "\n";
