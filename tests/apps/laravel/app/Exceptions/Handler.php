<?php

namespace App\Exceptions;

use Illuminate\Foundation\Exceptions\Handler as ExceptionHandler;
use Throwable;

class Handler extends ExceptionHandler
{
    protected $dontReport = [BookingRejected::class];

    protected function shouldReturnJson($request, Throwable $e)
    {
        return true;
    }

    protected function convertExceptionToArray(Throwable $e)
    {
        return $this->isHttpException($e)
            ? ['message' => $e->getMessage() ?: 'Not found.']
            : ['message' => $e->getMessage(), 'exception' => get_class($e)];
    }
}
