<?php
// gc_collect_cycles with destructors, one of which revives its object; WeakMap and WeakReference.

class Node
{
    public static ?Node $saved = null;
    public ?Node $peer = null;

    public function __construct(public string $name)
    {
    }

    public function __destruct()
    {
        echo "~{$this->name} ";
        if ($this->name === 'phoenix') {
            self::$saved = $this;
        }
    }
}

function cycle(string $a, string $b): WeakReference
{
    $x = new Node($a);
    $y = new Node($b);
    $x->peer = $y;
    $y->peer = $x;
    return WeakReference::create($x);
}

$ref = cycle('a', 'b');
echo var_export($ref->get() !== null, true), ' ';
echo gc_collect_cycles() > 0 ? 'collected ' : 'nothing ', var_export($ref->get() === null, true), ' ';
cycle('phoenix', 'ash');
gc_collect_cycles();
echo Node::$saved->name, ' ';
$map = new WeakMap();
$key = new Node('key');
$map[$key] = 'data';
echo count($map);
$key = null;
echo count($map), ' | ';
