<?php

namespace App\Support;

use Illuminate\Contracts\Foundation\Application;
use Illuminate\Foundation\Bootstrap\HandleExceptions as Base;

/** Laravel 8.83 on PHP 8.2: its own deprecations are not ours to report. */
class HandleExceptions extends Base
{
    public function bootstrap(Application $app)
    {
        parent::bootstrap($app);
        error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
    }
}
