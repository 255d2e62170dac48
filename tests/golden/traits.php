<?php
// Traits: aliased, conflicting, abstract and static members, a trait in a trait; the same code in two classes.

trait Says
{
    public function say(string $what): string
    {
        return $this->prefix() . $what;
    }

    abstract protected function prefix(): string;
}

trait Counts
{
    use Says {
        say as protected sayIt;
    }

    private static int $count = 0;

    public static function count(): int
    {
        return ++self::$count;
    }

    public function say(string $what): string
    {
        return self::count() . $this->sayIt($what);
    }
}

class Cat
{
    use Counts;

    protected function prefix(): string
    {
        return strtolower('MEOW ');
    }
}

class Dog
{
    use Says;

    protected function prefix(): string
    {
        return strtolower('WOOF ');
    }
}

$cat = new Cat();
echo $cat->say('a'), ' ', $cat->say('b'), ' ', (new Dog())->say('c'), ' ', Cat::count(), "\n";
