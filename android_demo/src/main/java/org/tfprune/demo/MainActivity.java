package org.tfprune.demo;

import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.os.Bundle;
import android.widget.Toast;

/** The only screen. */
public final class MainActivity extends Activity {
  private static final int PICK = 1;

  private Work work;

  @Override
  protected void onCreate(Bundle saved) {
    super.onCreate(saved);
    setContentView(R.layout.main);
    work = ((DemoApplication) getApplication()).work();
  }

  @Override
  protected void onStart() {
    super.onStart();
    work.attach(new Screen(this, work));
    work.refresh();
  }

  @Override
  protected void onStop() {
    work.attach(null);
    super.onStop();
  }

  /** Lets the user pick a file in another app. */
  void pick() {
    Intent intent = new Intent(Intent.ACTION_GET_CONTENT);
    intent.addCategory(Intent.CATEGORY_OPENABLE);
    intent.setType("*/*"); // .tflite has no type of its own
    try {
      startActivityForResult(intent, PICK);
    } catch (ActivityNotFoundException error) {
      Toast.makeText(this, R.string.no_picker, Toast.LENGTH_LONG).show();
    }
  }

  @Override
  protected void onActivityResult(int request, int result, Intent data) {
    super.onActivityResult(request, result, data);
    if (request == PICK && result == RESULT_OK && data != null && data.getData() != null) {
      work.open(data.getData());
    }
  }
}
