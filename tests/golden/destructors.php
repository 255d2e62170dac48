<?php
// Destructors: at the end of scope, on unset, on reassignment, and during shutdown, in order.

class Thing
{
    public function __construct(private string $name, private ?Thing $inner = null)
    {
        echo "+$name ";
    }

    public function __destruct()
    {
        $this->say('-');
    }

    private function say(string $sign): void
    {
        echo "$sign{$this->name} ";
    }
}

function scoped(): int
{
    $local = new Thing('local');
    $pair = [new Thing('first'), new Thing('second')];
    return count($pair);
}

echo scoped(), ' ';
$a = new Thing('a');
unset($a);
$b = new Thing('b');
$b = new Thing('c', new Thing('inner'));
$b = null;
new Thing('discarded');
$kept = new Thing('kept');
$also = new Thing('also');
register_shutdown_function(fn () => new Thing('shutdown'));
echo '| ';
