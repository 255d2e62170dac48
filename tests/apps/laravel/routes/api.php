<?php

use App\Http\Controllers\RetellFunctionController;
use App\Http\Controllers\RetellWebhookController;
use App\Http\Middleware\VerifyRetellSignature;
use Illuminate\Support\Facades\Route;

Route::prefix('retell')->middleware(VerifyRetellSignature::class)->group(function () {
    Route::post('webhook', [RetellWebhookController::class, 'handle']);
    Route::post('function', [RetellFunctionController::class, 'handle']);
    Route::post('functions/{name}', [RetellFunctionController::class, 'handleNamed']);
});
