<?php
/* Property hooks and lazy objects: PHP 8.4. */

namespace App;

class Hooked
{
    public string $name = 'klein' {
        get => strtoupper($this->name);
        set(string $value) {
            $this->name = trim($value);
        }
    }
    public int $virtual {
        get => 42;
    }
    public private(set) int $seen = 1;
}

$hooked = new Hooked();
takes($hooked);
$hooked->name = ' gross ';
echo $hooked->name, ' ', $hooked->virtual, "\n";

$made = 0;
$class = new \ReflectionClass(Point::class);
$ghost = $class->newLazyGhost(function (Point $point) use (&$made) {
    $made++;
    $point->__construct(5);
});
$proxy = $class->newLazyProxy(function () use (&$made) {
    $made++;
    return new Point(6);
});
takes($ghost);
takes($proxy);
echo "made $made\n";
echo $ghost->x, $proxy->x, " made $made\n";
takes($ghost);
takes($proxy);
echo new class { public function __toString() { return 'anonym'; } }, "\n";
