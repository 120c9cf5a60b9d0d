package org.tfprune.demo;

import android.content.res.Resources;
import android.view.View;
import android.view.ViewGroup;
import android.widget.AdapterView;
import android.widget.ArrayAdapter;
import android.widget.Button;
import android.widget.ProgressBar;
import android.widget.Spinner;
import android.widget.TextView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tfprune.demo.core.Comparison;
import org.tfprune.demo.core.ModelFile;
import org.tfprune.demo.core.State;
import org.tfprune.demo.core.Words;

/** Puts the state on the screen, and passes on what the user does. */
final class Screen implements Work.Listener {
  private static final Integer[] THREADS = {1, 2, 4};
  private static final int[] SPINNERS = {R.id.baseline, R.id.compared};
  private static final int[] GUESSES = {R.id.baseline_guess, R.id.compared_guess};

  private final MainActivity activity;
  private final Work work;
  private final Resources resources;

  /** What the views show already; setting it anew would close an open list, or scroll. */
  private List<ModelFile> models;

  private List<?> digits;

  Screen(MainActivity activity, Work work) {
    this.activity = activity;
    this.work = work;
    this.resources = activity.getResources();
    find(R.id.pick, Button.class).setOnClickListener(view -> activity.pick());
    find(R.id.measure, Button.class).setOnClickListener(view -> work.measureOrStop());
    Spinner threads = find(R.id.threads, Spinner.class);
    fill(threads, Arrays.asList(THREADS));
    threads.setOnItemSelectedListener(choice(index -> work.setThreads(THREADS[index])));
  }

  @Override
  public void changed(State state) {
    showModels(state);
    showDigits(state);
    showMeasurement(state);
    TextView error = find(R.id.error, TextView.class);
    error.setText(state.error);
    show(error, state.error != null);
  }

  private void showModels(State state) {
    for (int i = 0; i < SPINNERS.length; i++) {
      int which = i;
      Spinner spinner = find(SPINNERS[which], Spinner.class);
      if (models != state.models()) {
        fill(spinner, names(state.models()));
        spinner.setOnItemSelectedListener(choice(index -> work.choose(which, index)));
      }
      if (state.ready() && spinner.getSelectedItemPosition() != state.chosen(which)) {
        spinner.setSelection(state.chosen(which));
      }
      spinner.setEnabled(!state.measuring);
    }
    models = state.models();
    find(R.id.threads, Spinner.class).setSelection(Arrays.asList(THREADS).indexOf(state.threads));
    find(R.id.threads, Spinner.class).setEnabled(!state.measuring);
  }

  private void showDigits(State state) {
    ViewGroup row = find(R.id.digits, ViewGroup.class);
    if (digits != state.digits) {
      digits = state.digits;
      row.removeAllViews();
      for (int i = 0; i < state.digits.size(); i++) {
        int index = i;
        DigitView view = new DigitView(activity, state.digits.get(index));
        view.setOnClickListener(clicked -> work.showDigit(index));
        row.addView(view);
      }
    }
    for (int i = 0; i < row.getChildCount(); i++) {
      row.getChildAt(i).setSelected(i == state.digit);
    }
    for (int i = 0; i < GUESSES.length && state.ready(); i++) {
      String guess = state.guesses[i].isEmpty() ? "…" : state.guesses[i];
      String text = resources.getString(R.string.guess, state.model(i).name(), guess);
      find(GUESSES[i], TextView.class).setText(text);
    }
  }

  private void showMeasurement(State state) {
    Button button = find(R.id.measure, Button.class);
    button.setText(state.measuring ? R.string.stop : R.string.measure);
    button.setEnabled(state.ready());
    ProgressBar bar = find(R.id.progress, ProgressBar.class);
    bar.setProgress(Math.round(state.progress * bar.getMax()));
    show(bar, state.measuring);
    Comparison comparison = state.comparison();
    show(find(R.id.result, View.class), comparison != null);
    if (comparison != null) {
      find(R.id.headline, TextView.class).setText(comparison.headline());
      find(R.id.chart, ChartView.class).show(comparison);
      String details = comparison.rows.get(0).details() + "\n" + comparison.rows.get(1).details();
      find(R.id.details, TextView.class).setText(details);
    }
  }

  private List<String> names(List<ModelFile> models) {
    String[] sources = resources.getStringArray(R.array.sources);
    List<String> names = new ArrayList<>();
    for (ModelFile model : models) {
      String source = sources[model.source.ordinal()];
      String size = Words.bytes(model.file.length());
      names.add(resources.getString(R.string.model, model.name(), source, size));
    }
    return names;
  }

  private void fill(Spinner spinner, List<?> items) {
    ArrayAdapter<Object> adapter =
        new ArrayAdapter<>(activity, android.R.layout.simple_spinner_item, new ArrayList<>(items));
    adapter.setDropDownViewResource(android.R.layout.simple_spinner_dropdown_item);
    spinner.setAdapter(adapter);
  }

  private <T extends View> T find(int id, Class<T> type) {
    return type.cast(activity.findViewById(id));
  }

  private static void show(View view, boolean visible) {
    view.setVisibility(visible ? View.VISIBLE : View.GONE);
  }

  /** Hears which item of a list was chosen. */
  private interface Choice {
    void chosen(int index);
  }

  private static AdapterView.OnItemSelectedListener choice(Choice choice) {
    return new AdapterView.OnItemSelectedListener() {
      @Override
      public void onItemSelected(AdapterView<?> parent, View view, int index, long id) {
        choice.chosen(index);
      }

      @Override
      public void onNothingSelected(AdapterView<?> parent) {}
    };
  }
}
