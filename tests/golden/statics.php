<?php
// Static methods, late static binding, static properties and static variables.

abstract class Model
{
    protected static array $made = [];

    public static function make(string $name): static
    {
        self::$made[] = static::label($name);
        return new static();
    }

    protected static function label(string $name): string
    {
        return static::class . ":$name";
    }

    public static function made(): array
    {
        return self::$made;
    }
}

class User extends Model
{
}

class Admin extends Model
{
    protected static function label(string $name): string
    {
        return '*' . parent::label($name);
    }
}

function ticket(): int
{
    static $last = 40;
    return ++$last;
}

User::make('a');
Admin::make('b');
$class = 'User';
$class::make('c');
echo implode(',', Model::made()), ' ', ticket(), ticket(), "\n";
