package org.tfprune.demo;

import android.app.Activity;

/** The only screen. */
public final class MainActivity extends Activity {}
