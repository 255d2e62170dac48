<?php
/* What PHP 8.4 brought. */
namespace App;

class Hooked
{
    public string $backed = 'raw' { get { echo 'ran a hook'; return 'hooked'; } }
    public string $virtual { get { echo 'ran a hook'; return 'hooked'; } }
    public private(set) int $asymmetric = 3;
}

class Lazy
{
    public int $n = 1;
    public function __construct() { echo 'initialised'; }
}

show('hooked', new Hooked);
$class = new \ReflectionClass(Lazy::class);
$ghost = $class->newLazyGhost(function (Lazy $object) { echo 'initialised'; });
$proxy = $class->newLazyProxy(function (Lazy $object) { echo 'initialised'; return new Lazy; });
show('lazy', $ghost, $proxy);
