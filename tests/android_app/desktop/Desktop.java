import java.io.File;
import java.io.FileInputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.lite.InterpreterApi;
import org.tfprune.demo.core.Benchmark;
import org.tfprune.demo.core.Chart;
import org.tfprune.demo.core.Classifier;
import org.tfprune.demo.core.Comparison;
import org.tfprune.demo.core.Digits;
import org.tfprune.demo.core.Engine;
import org.tfprune.demo.core.Failure;
import org.tfprune.demo.core.Job;
import org.tfprune.demo.core.ProcessMemory;
import org.tfprune.demo.core.Settings;
import org.tfprune.demo.litert.GoldenSample;
import org.tfprune.demo.litert.LiteRtLoader;

/** What the app does on a phone, started from a shell. */
final class Desktop {
  private static final Engine.Loader LITERT = new LiteRtLoader();
  private static final float WIDTH = 328; // of a card on a small phone, in dp

  private Desktop() {}

  /**
   * Arguments: {@code benchmark FOLDER NAME VALUE...}, {@code classify MODEL DIGITS},
   * {@code golden MODEL NPZ} or {@code chart MODEL MODEL}.
   */
  public static void main(String[] words) throws Exception {
    switch (words[0]) {
      case "benchmark":
        benchmark(words);
        break;
      case "classify":
        classify(new File(words[1]), new File(words[2]));
        break;
      case "golden":
        golden(new File(words[1]), new File(words[2]));
        break;
      default:
        chart(Arrays.asList(new File(words[1]), new File(words[2])));
    }
  }

  private static void benchmark(String[] words) {
    Map<String, String> settings = new LinkedHashMap<>();
    for (int i = 2; i < words.length; i += 2) {
      settings.put(words[i], words[i + 1]);
    }
    System.out.println(Job.run(settings, LITERT, "desktop", new File(words[1])));
  }

  private static void classify(File model, File digits) throws Exception {
    try (Engine engine = LITERT.load(model, 1, true)) {
      for (Digits.Digit digit : Digits.read(new FileInputStream(digits))) {
        Classifier.Guess guess = Classifier.classify(engine, digit);
        System.out.println(digit.label + " " + guess.label + " " + guess.confidence);
      }
    }
  }

  private static void golden(File model, File npz) throws Exception {
    try (InterpreterApi interpreter =
        InterpreterApi.create(model, new InterpreterApi.Options().setNumThreads(1))) {
      System.out.println(GoldenSample.isRight(interpreter, new FileInputStream(npz)));
    }
  }

  private static void chart(List<File> models) throws Failure {
    ProcessMemory memory = new ProcessMemory(new File("/proc/self"));
    Settings settings = Settings.of(1, -1, 10, 10, 10, 10, 10);
    try (Benchmark benchmark = new Benchmark(LITERT, models, settings, memory)) {
      benchmark.run((done, of) -> {});
      List<String> names = Arrays.asList(models.get(0).getName(), models.get(1).getName());
      Comparison comparison = Comparison.of(benchmark.sessions(), names);
      SvgPen pen = new SvgPen();
      Chart.draw(pen, WIDTH, comparison.rows);
      System.out.print(pen.picture(WIDTH, Chart.height(2, 1)));
    }
  }
}
