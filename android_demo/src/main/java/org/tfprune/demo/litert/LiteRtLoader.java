package org.tfprune.demo.litert;

import java.io.File;
import org.tensorflow.lite.InterpreterApi;
import org.tensorflow.lite.TensorFlowLite;
import org.tfprune.demo.core.Engine;
import org.tfprune.demo.core.Failure;

/** Loads models with the LiteRT that is packed into the app. */
public final class LiteRtLoader implements Engine.Loader {
  @Override
  public Engine load(File model, int threads, boolean xnnpack) throws Failure {
    if (!model.canRead()) {
      String why = model.exists() ? "this app may not read it" : "there is no such file";
      throw new Failure(Failure.Step.LOAD, model.getName(), model + ": " + why);
    }
    try {
      InterpreterApi.Options options =
          new InterpreterApi.Options().setNumThreads(threads).setUseXNNPACK(xnnpack);
      return new LiteRtEngine(InterpreterApi.create(model, options));
    } catch (LinkageError error) {
      throw missing(error);
    } catch (RuntimeException error) {
      String text = "LiteRT cannot load " + model.getName() + ": " + error.getMessage();
      throw new Failure(Failure.Step.LOAD, model.getName(), text);
    } catch (Failure failure) {
      throw failure.in(model.getName());
    }
  }

  @Override
  public String version() throws Failure {
    try {
      return "LiteRT (TensorFlow Lite " + TensorFlowLite.runtimeVersion() + ")";
    } catch (LinkageError | IllegalStateException error) {
      throw missing(error);
    }
  }

  private static Failure missing(Throwable error) {
    String text = "LiteRT is not in this app, or not for this phone: " + error.getMessage();
    return new Failure(Failure.Step.LIBRARY, "", text);
  }
}
