plugins {
    id("com.android.application") version "8.13.2"
}

android {
    namespace = "org.tfprune.demo"
    compileSdk = 36

    defaultConfig {
        applicationId = "org.tfprune.demo"
        minSdk = 24 // LiteRT's own since 2.3 (its AndroidManifestImpl.xml); 2.2 still had 23
        targetSdk = 36
        versionCode = 1
        versionName = "1.0"
        ndk { abiFilters += listOf("arm64-v8a", "x86_64") }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }

    androidResources { noCompress += "tflite" }
}

dependencies {
    implementation("com.google.ai.edge.litert:litert:2.3.0")
    testImplementation("junit:junit:4.13.2")
}
