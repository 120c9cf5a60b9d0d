import java.io.File;
import java.io.FileInputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tfprune.demo.core.Classifier;
import org.tfprune.demo.core.Digits;
import org.tfprune.demo.core.Engine;
import org.tfprune.demo.core.Job;
import org.tfprune.demo.litert.LiteRtLoader;

/** What the app does on a phone, started from a shell. */
final class Desktop {
  /** Arguments: {@code benchmark FOLDER NAME VALUE...} or {@code classify MODEL DIGITS}. */
  public static void main(String[] words) throws Exception {
    if (words[0].equals("benchmark")) {
      Map<String, String> settings = new LinkedHashMap<>();
      for (int i = 2; i < words.length; i += 2) {
        settings.put(words[i], words[i + 1]);
      }
      System.out.println(Job.run(settings, new LiteRtLoader(), "desktop", new File(words[1])));
      return;
    }
    try (Engine engine = new LiteRtLoader().load(new File(words[1]), 1, true)) {
      for (Digits.Digit digit : Digits.read(new FileInputStream(words[2]))) {
        Classifier.Guess guess = Classifier.classify(engine, digit);
        System.out.println(digit.label + " " + guess.label + " " + guess.confidence);
      }
    }
  }
}
