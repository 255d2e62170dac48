<?php
/* Enums, fibers, first-class callables, readonly properties: PHP 8.1. */

namespace App;

enum Suit: string
{
    case Hearts = 'H';
    case Spades = 'S';

    public function label(): string
    {
        return ucfirst(strtolower($this->name));
    }

    public static function first(): self
    {
        return self::Hearts;
    }
}

class Point
{
    public function __construct(public readonly int $x, private readonly Suit $suit = Suit::Spades)
    {
    }
}

function takes($value)
{
    return $value;
}

function in_fiber($x)
{
    $y = \Fiber::suspend(add($x, 1));
    try {
        fails('in a fiber');
    } catch (\Exception $e) {
        return takes($y);
    }
}

takes(Suit::Spades);
takes(new Point(3));
takes(add(...));
echo Suit::first()->label(), ' ', Suit::from('S')->label(), "\n";
$fiber = new \Fiber(in_fiber(...));
echo $fiber->start(1), ' ';
add(40, 2);
$fiber->resume('weiter');
echo $fiber->getReturn(), "\n";
$left = new \Fiber(function () {
    try {
        \Fiber::suspend(1);
    } finally {
        add(0, 9);
    }
});
$left->start();
unset($left);
gc_collect_cycles();
