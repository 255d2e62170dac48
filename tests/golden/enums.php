<?php
// Enum methods, static methods, interfaces and constants; cases as arguments and results; match on them.
// since: 8.1

interface Labelled
{
    public function label(): string;
}

enum Suit: string implements Labelled
{
    case Hearts = 'H';
    case Spades = 'S';

    const Wild = self::Spades;

    public static function pick(string $letter): self
    {
        return self::from($letter);
    }

    public function label(): string
    {
        return ucfirst(strtolower($this->name)) . $this->color()->mark();
    }

    public function color(): Color
    {
        return match ($this) {
            self::Hearts => Color::Red,
            self::Spades => Color::Black,
        };
    }
}

enum Color
{
    case Red;
    case Black;

    public function mark(): string
    {
        return $this === self::Red ? '+' : '-';
    }
}

function deal(Suit ...$suits): array
{
    return array_map(fn (Suit $s): string => $s->label(), $suits);
}

echo implode(' ', deal(Suit::pick('H'), Suit::Wild)), ' ', count(Suit::cases()), ' ', var_export(Suit::tryFrom('X'), true), ' ';
try {
    Suit::pick('Q');
} catch (ValueError $e) {
    echo get_class($e), "\n";
}
