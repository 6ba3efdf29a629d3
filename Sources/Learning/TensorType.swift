/// The types of a safetensors file that become single precision here.
enum TensorType {
  case single, half, brain, double

  init?(name: JSONString) {
    if name.equals("F32") {
      self = .single
    } else if name.equals("F16") {
      self = .half
    } else if name.equals("BF16") {
      self = .brain
    } else if name.equals("F64") {
      self = .double
    } else {
      return nil
    }
  }

  var bytes: Int {
    switch self {
    case .single: 4
    case .half, .brain: 2
    case .double: 8
    }
  }

  /// Element `i` of little-endian numbers of this type, exactly.
  func value(_ i: Int, of numbers: UnsafeRawPointer) -> Double {
    func bits<Bits: FixedWidthInteger & BitwiseCopyable>(_ type: Bits.Type) -> Bits {
      Bits(littleEndian: (numbers + i * bytes).loadUnaligned(as: type))
    }
    switch self {
    case .single: return Double(Float(bitPattern: bits(UInt32.self)))
    case .half: return TensorType.half(bits(UInt16.self))
    case .brain: return Double(Float(bitPattern: UInt32(bits(UInt16.self)) << 16))
    case .double: return Double(bitPattern: bits(UInt64.self))
    }
  }

  /// Of binary16: a sign, 5 bits of exponent, 10 of fraction.
  private static func half(_ bits: UInt16) -> Double {
    let fraction = Double(bits & 0x3FF)
    let magnitude: Double
    switch Int(bits >> 10 & 0x1F) {
    case 0: magnitude = fraction * 0x1p-24
    case 31: magnitude = fraction == 0 ? .infinity : .nan
    case let exponent: magnitude = (1024 + fraction) * Double(bitPattern: UInt64(exponent - 25 + 1023) << 52)
    }
    return bits >> 15 == 1 ? -magnitude : magnitude
  }
}
