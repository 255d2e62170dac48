<?php
// Closure::fromCallable, call_user_func and its kin, callable strings and arrays.
// since: 8.1

class Greeter
{
    private function hidden(string $who): string
    {
        return "psst $who";
    }

    public function reveal(): Closure
    {
        return Closure::fromCallable([$this, 'hidden']);
    }

    public function __invoke(string $who): string
    {
        return "hello $who";
    }

    public static function wave(string $who): string
    {
        return "~$who";
    }
}

function shout(string $who): string
{
    return strtoupper($who);
}

$greeter = new Greeter();
echo $greeter->reveal()('a'), ' ', $greeter('b'), ' ', call_user_func($greeter, 'c'), ' ';
echo call_user_func('shout', 'd'), ' ', call_user_func_array(['Greeter', 'wave'], ['who' => 'e']), ' ';
$name = 'shout';
$pair = [$greeter, '__invoke'];
$static = 'Greeter::wave';
echo $name('f'), ' ', $pair('g'), ' ', $static('h'), ' ', (new ReflectionMethod($greeter, 'hidden'))->invoke($greeter, 'i'), ' ';
echo var_export(is_callable([$greeter, 'hidden']), true), "\n";
