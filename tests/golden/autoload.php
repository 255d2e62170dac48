<?php
// spl_autoload_register: found, not found, throwing, nested in each other; class_exists.

spl_autoload_register(function (string $class): void {
    if ($class === 'Child') {
        eval('class Child extends ParentOfChild { public function name(): string { return strtolower(static::class); } }');
    }
});

class Loader
{
    public function load(string $class): void
    {
        if ($class === 'ParentOfChild') {
            eval('class ParentOfChild { public function __construct(public int $n) {} }');
        } elseif ($class === 'Forbidden') {
            throw new DomainException("may not load $class");
        }
    }
}

spl_autoload_register([new Loader(), 'load']);
echo (new Child(5))->name(), ' ', (new Child(6))->n, ' ';
echo var_export(class_exists('Missing'), true), var_export(class_exists('Unasked', false), true), ' ';
try {
    new Forbidden();
} catch (DomainException $e) {
    echo $e->getMessage(), ' ';
}
try {
    Missing::call();
} catch (Error $e) {
    echo $e->getMessage(), "\n";
}
